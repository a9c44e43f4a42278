"""python3 python/tests/run.py: every test of the package; ends with a summary as those of the other test programs."""

import pathlib
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Result(unittest.TestResult):
    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"    {test.id()} [SKIP]\n      {reason}", flush=True)

    def addError(self, test, error):
        super().addError(test, error)
        self._tell(test, self.errors[-1][1])

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._tell(test, self.failures[-1][1])

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self._tell(subtest, self._exc_info_to_string(error, test))

    @staticmethod
    def _tell(test, text):
        print(f"    {test.id()} [FAIL]", flush=True)
        print("\n".join(f"      {line}" for line in text.splitlines()), flush=True)


def main():
    sys.path.insert(0, str(ROOT))
    started = time.monotonic()
    result = unittest.defaultTestLoader.discover(str(ROOT / "tests"), top_level_dir=str(ROOT)).run(Result())
    failed = len(result.failures) + len(result.errors)
    print(f"  AgentGrid.Python.Tests  Total: {result.testsRun}, Errors: 0, Failed: {failed}, "
          f"Skipped: {len(result.skipped)}, Not Run: 0, Time: {time.monotonic() - started:.1f}s")
    return 0 if failed == 0 and result.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
