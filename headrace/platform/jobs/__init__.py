"""The outbox and job table, the local worker, and its first consumer: notifications."""
