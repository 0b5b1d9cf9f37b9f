"""One pretraining of a backbone: its tiles, steps, folder and the file that it leaves."""
