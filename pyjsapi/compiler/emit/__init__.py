"""What is written for each instruction that is not structured control: one row of the table an emitter."""
