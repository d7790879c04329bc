"""What tests share: databases, processes, people, races."""
