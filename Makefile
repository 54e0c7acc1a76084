# make demo    a whole experiment on a generated cohort; prints the report's path
# make test    all tests but the long ones; scans are found through LESSGAD_SHARED
# make explore the tests of properties, on new examples at each run
# make docs    the documentation, into site/
# make check   format, lint, docstrings, spelling, types, imports
# make bench   measurements on the scans that LESSGAD_SHARED names; leave the machine alone meanwhile
# make soak    the long tests
# make test-slurm    tests on a real SLURM, which they start on this machine (as root)

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest --jaxtyping-packages=lessgad,beartype.beartype

.PHONY: demo test explore docs test-slurm chromium dicom slurm check bench soak install clean-demo

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo/cohort/dataset_description.json: | install
	rm -rf demo/cohort
	$(BIN)/lessgad phantom demo/cohort --patients 18 --sessions 1 --low-dose 0.1

demo/experiment/experiment.yaml: demo/cohort/dataset_description.json
	$(BIN)/lessgad init demo/experiment --cohort demo/cohort --quick --pretrained

# The first patient's scan at a tenth of the dose, as the phantom really scans it.
SCANS := demo/cohort/sub-01/ses-1/anat/sub-01_ses-1
demo: demo/experiment/experiment.yaml
	$(BIN)/lessgad run demo/experiment
	@echo "Look through the images:      $(BIN)/lessgad view demo/experiment"
	@echo "Restore a true low-dose scan: $(BIN)/lessgad restore $(SCANS)_acq-dose10_ce-gadolinium_T1w.nii.gz demo/restored.nii.gz --dose 0.1 --pre-contrast $(SCANS)_T1w.nii.gz"

clean-demo:
	rm -rf demo

# The reader study is tested in a real browser; its package is called otherwise on Ubuntu (chromium-browser).
chromium:
	@command -v chromium > /dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium > /dev/null; } \
		|| echo "no chromium: tests in a browser are skipped; install it with: sudo apt-get install -y --no-install-recommends chromium"

# What DICOM tests run: a validator, an archive, and tools that send; without them such tests are skipped.
DICOM_PROGRAMS := dicom3tools dcmtk orthanc
dicom:
	@{ command -v dciodvfy && command -v storescu && ls /usr/sbin/Orthanc; } > /dev/null 2>&1 \
		|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq --no-install-recommends $(DICOM_PROGRAMS) > /dev/null; } \
		|| echo "no DICOM programs: their tests are skipped; install them with: sudo apt-get install -y --no-install-recommends $(DICOM_PROGRAMS)"

# A batch system of one machine; without it its tests are skipped.
SLURM_PROGRAMS := munge slurm-client slurmctld slurmd
slurm:
	@{ command -v sbatch && ls /usr/sbin/slurmctld /usr/sbin/slurmd /usr/sbin/munged; } > /dev/null 2>&1 \
		|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq --no-install-recommends $(SLURM_PROGRAMS) > /dev/null; } \
		|| echo "no SLURM: its tests are skipped; install it with: sudo apt-get install -y --no-install-recommends $(SLURM_PROGRAMS)"

test: install chromium dicom
	$(PYTEST) --hypothesis-profile repeatable -m "not soak and not slurm" -n 2

explore: install
	$(PYTEST) -m "not soak and not slurm" -n 2 $$(grep -rl "^from hypothesis" tests)

test-slurm: install slurm
	$(PYTEST) -m slurm tests/slurm

docs: install
	@# Not --quiet: then warnings do not count, and broken links pass.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

check: install
	$(BIN)/ruff format --check src tests benchmarks docs examples
	$(BIN)/ruff check src tests benchmarks docs examples
	$(BIN)/pydoclint src
	$(BIN)/codespell src tests benchmarks docs examples README.md CONTRIBUTING.md
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install chromium
	$(BIN)/python benchmarks/calibration_on_pairs.py $(LESSGAD_SHARED)/data/glioma-pairs
	$(BIN)/python benchmarks/simulation_on_phantom.py --seed 2
	$(BIN)/python benchmarks/viewer_speed.py
	$(BIN)/python benchmarks/overlap_speed.py
	$(BIN)/python benchmarks/planning_of_large_cohorts.py

soak: install chromium dicom
	$(PYTEST) -m soak
