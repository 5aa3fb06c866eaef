"""How good a segmentation is: confusions, protocols, regions; submissions and their check. Pure numpy."""
