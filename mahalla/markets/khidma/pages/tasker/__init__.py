"""The Tasker's pages: large, plain, one next step at a time; each view makes one domain call."""
