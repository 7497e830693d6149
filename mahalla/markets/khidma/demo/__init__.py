"""A demo city: Riyadh with Taskers, clients and staff, all invented."""
