"""Times as ISO 8601 has them, in lists and forms alike: they are UTC, and sort by eye."""

DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i:s"
