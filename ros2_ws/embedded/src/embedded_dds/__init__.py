"""Thin layer over the Cyclone DDS C library: raw CDR in and out, no Python IDL machinery."""
