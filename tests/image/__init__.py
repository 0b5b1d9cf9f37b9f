"""Tests of the image and of the files it is made of."""
