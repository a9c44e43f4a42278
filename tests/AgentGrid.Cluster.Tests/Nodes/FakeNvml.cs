using System.ComponentModel;
using System.Diagnostics;

namespace AgentGrid.Cluster.Tests.Nodes;

/// <summary>
/// A management library that is compiled for the test: three GPUs. On the first are this process, a child of its child, its
/// parent, and one of which the driver does not tell the memory; the second does not answer; of the third the driver tells no
/// processes, and there 1, 3, 0 and 3 GiB are in use, one after the other.
/// </summary>
internal sealed class FakeNvml : IDisposable
{
    private const string Source = """
        #include <stdio.h>
        #include <unistd.h>

        #define GIB (1ULL << 30)
        typedef struct { unsigned long long total, free, used; } memory_t;
        typedef struct { unsigned pid; unsigned long long used; unsigned gpu_instance, compute_instance; } process_t;
        static long devices[] = {0, 1, 2};
        static unsigned long long used[] = {1, 3, 0, 3}, calls;

        int nvmlInit_v2(void) { return INIT_ANSWER; }
        int nvmlShutdown(void) { return 0; }
        int nvmlDeviceGetCount_v2(unsigned *count) { *count = 3; return 0; }
        int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = &devices[index]; return 0; }

        int nvmlDeviceGetName(void *device, char *name, unsigned length)
        {
            return snprintf(name, length, "Fake %ld", *(long *)device) < (int)length ? 0 : 7;
        }

        int nvmlDeviceGetMemoryInfo(void *device, memory_t *memory)
        {
            switch (*(long *)device) {
                case 0: *memory = (memory_t){24 * GIB, 13 * GIB, 11 * GIB}; return 0;
                case 1: return 15; /* NVML_ERROR_GPU_IS_LOST */
                default: *memory = (memory_t){8 * GIB, 0, used[calls++ % 4] * GIB}; return 0;
            }
        }

        int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *count, process_t *processes)
        {
            if (*(long *)device != 0) return 3; /* NVML_ERROR_NOT_SUPPORTED */
            if (*count < 4) return 7; /* NVML_ERROR_INSUFFICIENT_SIZE */
            processes[0] = (process_t){getppid(), 4 * GIB, -1, -1};
            processes[1] = (process_t){getpid(), 3 * GIB, -1, -1};
            processes[2] = (process_t){GRANDCHILD, 2 * GIB, -1, -1};
            processes[3] = (process_t){getpid(), ~0ULL, -1, -1};
            *count = 4;
            return 0;
        }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-nvml-");
    private readonly Process _child;

    private FakeNvml() => _child = Start("sh", "-c", "sleep 600 & echo $!; wait");

    public string Library => Path.Combine(_folder.FullName, "libnvidia-ml.so.1");

    /// <param name="initAnswer">What <c>nvmlInit_v2</c> answers.</param>
    public static async Task<FakeNvml> CompileAsync(int initAnswer = 0)
    {
        var fake = new FakeNvml();
        try
        {
            var grandchild = await fake._child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            await fake.CompileAsync($"-DINIT_ANSWER={initAnswer}", $"-DGRANDCHILD={grandchild}");
            return fake;
        }
        catch
        {
            fake.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _child.Kill(entireProcessTree: true);
        _child.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task CompileAsync(params string[] definitions)
    {
        var source = Path.Combine(_folder.FullName, "nvml.c");
        await File.WriteAllTextAsync(source, Source, TestContext.Current.CancellationToken);
        try
        {
            using var compiler = Start("cc", ["-shared", "-fPIC", .. definitions, "-o", Library, source]);
            var said = compiler.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await compiler.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(compiler.ExitCode == 0, await said);
        }
        catch (Win32Exception)
        {
            Assert.Fail("There is no C compiler 'cc' on the path: ./test.sh installs it, or says how.");
        }
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}
