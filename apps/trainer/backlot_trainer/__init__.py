"""Fine-tunes and runs diffusers Wan base models for one studio: a process in that studio's tenant folder, without a database.

It reads a signed specification and keys from stdin, and writes JSON lines to stdout; nothing else leaves it, and clear film is never on disk.
"""
import os

# Before torch is imported: spinning OpenMP threads make a step 40 times slower on a shared machine (0.7-1.0 s for 0.018 s),
# and nothing is ever looked up on a model hub.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

CODE_VERSION = 1
"""Raised when the same specification would give other tensors; a checkpoint of another version is not resumed."""
