"""The science of Patherea: points, regions, tiles, networks, matching and scores.

Nothing here knows a server, a command line or an environment variable, and nothing prints.
"""
