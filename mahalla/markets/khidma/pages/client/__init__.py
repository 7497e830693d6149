"""What a client sees and does: from the first tap to the receipt (KH-UX-03)."""
