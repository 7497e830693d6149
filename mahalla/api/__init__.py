"""The API's shell: who calls, one transaction and one effect a call, problems, pages of lists, and the shared routers."""
