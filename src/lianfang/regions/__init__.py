"""What is changing in each area, what it means, and what it switches on: indicators, risk grades, early warning."""
