"""The platform: everything below the web. Imports point down only (see ARCHITECTURE.md)."""
