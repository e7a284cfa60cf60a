"""Raw-socket conformance cases (RFC 9110, RFC 9112) and what they need to be run."""
