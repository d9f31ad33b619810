"""The version of graphfix, read by the package metadata and every report."""

VERSION = "0.1.0"
