"""A foreign process: takes memory of the first GPU, says so, and keeps it until its stdin ends. Needs the driver alone."""
import ctypes
import sys

driver = ctypes.CDLL("libcuda.so.1")


def call(name, *arguments):
    code = getattr(driver, name)(*arguments)
    if code != 0:
        sys.exit(f"{name} answered {code}")


device, context, address = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
call("cuInit", 0)
call("cuDeviceGet", ctypes.byref(device), 0)
call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
call("cuCtxSetCurrent", context)
call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(int(sys.argv[1])))
print("held", flush=True)
sys.stdin.read()
