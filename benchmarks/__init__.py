"""Speed and memory, measured side by side: each figure beside its peer or floor in the same run, medians of several."""
