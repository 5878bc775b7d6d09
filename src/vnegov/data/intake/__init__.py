"""The way in for others: published ranking workbooks (`vnegov import`) and filled forms (`vnegov add`)."""
