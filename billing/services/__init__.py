"""What the shop does. Read in the order of a sale: packages, orders, checkouts, inbox, payments, delivery."""
