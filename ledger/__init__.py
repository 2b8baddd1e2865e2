"""What a node remembers: the journal's rules, the fold from records to rows, and the ports."""
