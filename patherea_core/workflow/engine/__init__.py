"""How a training is driven: tiles, steps, schedule, validation, several devices, and little memory."""
