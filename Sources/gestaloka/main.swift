print("gestaloka")
