"""The platform's HTTP API, one noun a module, all behind one gate."""
