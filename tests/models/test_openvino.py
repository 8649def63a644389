"""OpenVINO is imported whole by one thread: what its first use sets up must not be set up by two."""

import importlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from qa.models.compiled import load_openvino

CONVERT = """
import sys
sys.setswitchinterval(1e-6)
import threading
import numpy as np
from qa.models.compiled import load_openvino
arrays = [np.zeros((4, 16), np.int64) for _ in range(8)]
barrier = threading.Barrier(8)
def convert(array):
    barrier.wait()
    load_openvino().Tensor(array, shared_memory=True)
threads = [threading.Thread(target=convert, args=(array,)) for array in arrays]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_the_first_array_is_handed_over_before_any_thread_has_the_module(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handed: list[np.ndarray] = []
    module = SimpleNamespace(Tensor=handed.append)

    def imported(name: str) -> SimpleNamespace:
        assert name == "openvino"
        monkeypatch.setitem(sys.modules, "openvino", module)
        return module

    monkeypatch.delitem(sys.modules, "openvino", raising=False)
    monkeypatch.setattr(importlib, "import_module", imported)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: (id(load_openvino()), len(handed)), range(64)))
    assert found == [(id(module), 1)] * 64
    assert isinstance(handed[0], np.ndarray)


@pytest.mark.model
def test_threads_that_begin_together_all_get_their_arrays_across() -> None:
    for _ in range(3):
        subprocess.run([sys.executable, "-c", CONVERT], check=True, timeout=60)
