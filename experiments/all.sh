#!/usr/bin/env bash
# All parts, one after the other; those that build on others come after them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

./leaks.sh
./self-improvement.sh calculation
./self-improvement.sh retail
./pae.sh
./algorithms.sh
./tasks-or-attempts.sh
./distillation.sh
./second-round.sh
./joint.sh
