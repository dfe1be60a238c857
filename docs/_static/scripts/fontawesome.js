// Empty: the icons come from the font; the theme has 1.5 MB here to draw them once more
