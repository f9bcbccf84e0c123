import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import backlot_trainer  # noqa: E402,F401  (sets the environment before torch is imported)
