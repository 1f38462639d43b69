"""What is checked in grading policies: meaning, proof of the margin table and the money, warnings."""
