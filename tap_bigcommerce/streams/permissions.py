"""Permissions of an API account, as the control panel names them."""

ORDERS = "Orders"
TRANSACTIONS = "Order transactions"
CUSTOMERS = "Customers"
PRODUCTS = "Products"
INVENTORY = "Store inventory"
LOCATIONS = "Store locations"
MARKETING = "Marketing"
INFORMATION = "Information & settings"
CHANNELS = "Channel settings"
LISTINGS = "Channel listings"
SITES = "Sites & routes"
CONTENT = "Content"
LOGS = "Store logs"
# A guess by its name: it is not documented which permission pickup methods need.
# Guesses by their names: it is not documented which permissions pickups and their methods need.
FULFILLMENT_METHODS = "Fulfillment methods"
FULFILLMENT = "Order fulfillment"
