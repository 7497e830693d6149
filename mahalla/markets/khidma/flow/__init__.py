"""Khidma's flow tables: docs/spec/khidma.md, "State machine of a task", row by row."""
