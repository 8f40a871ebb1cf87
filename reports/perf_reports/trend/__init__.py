"""The trend site: an index, a page for each series, a feed, badges."""
