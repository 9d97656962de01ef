"""What other tools report back: refused at the door or kept, and from the next day on part of the ledger."""
