"""Personas and doors shared by all tests."""
