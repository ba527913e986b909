"""The environments that ship with sca, a folder each."""
