"""Carries out row work: in the switch over whole tables, in a preparation chunk by chunk.

The record store is not used: these are the data steps of a publish, which no rule or right stops.
"""
