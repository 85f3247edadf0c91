"""Mail about notifications: who wants which, letters, and the server that takes them."""
