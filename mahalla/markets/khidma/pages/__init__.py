"""Khidma's pages, server-rendered; each view makes one domain call."""
