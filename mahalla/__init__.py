"""mahalla: one kernel, many local-services marketplaces."""
