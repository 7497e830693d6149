"""Khidma's part of the console: the live board, the queue, the task, GPS, approvals, figures, evidence."""
