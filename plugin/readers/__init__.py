"""Cells and regions read from files, whoever wrote them; each layout is one module."""
