"""Tests of the sandbox that start none, or only parts of one."""
