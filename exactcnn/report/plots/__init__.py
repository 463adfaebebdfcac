"""Figures: pure functions of tasks, networks, images and outcomes. Everything that draws needs matplotlib."""
