using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace AgentGrid.Deploy.Tests;

/// <summary>
/// What the Dockerfile puts into the image of the one process is started as a container would start it: in a root of its
/// own that cannot be written, as its user, with its variables. The system's libraries stand in for those of the base image.
/// </summary>
public sealed class ImageContentTests : IDisposable
{
    private const string Image = "agentgrid";
    private const string Project = "client-api/AgentGrid.ClientApi.csproj";
    private const string User = "1654";

    // Mounts end with the process: they are in a namespace of its own.
    private const string Container = """
        set -e
        root=$1 app=$2 dotnet=$3; shift 3
        mount --make-rprivate /
        mount -t tmpfs none "$root"
        for part in /bin /lib /lib64 /usr /dev /proc; do
          [ ! -e "$part" ] || { mkdir -p "$root$part"; mount --rbind "$part" "$root$part"; }
        done
        mkdir "$root/app" "$root/dotnet" "$root/data" "$root/tmp"
        mount --bind "$app" "$root/app"; mount --bind "$dotnet" "$root/dotnet"
        for part in data tmp; do mount -t tmpfs -o mode=700,uid=1654,gid=1654 none "$root/$part"; done
        mount -o remount,ro "$root"
        PATH=$PATH:/usr/sbin
        exec chroot --userspec=1654:1654 "$root" env -i --chdir=/app PATH=/dotnet:/usr/bin:/bin "$@"
        """;

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task OneProcess_InARootThatCannotBeWritten_RunsAsItsUserAndEndsInOrder()
    {
        await AssertMayMountAsync();
        var app = Path.Combine(_scratch.Folder, "app");
        await PublishAsync(app);
        var port = FreePorts.Next();
        var root = Directory.CreateDirectory(Path.Combine(_scratch.Folder, "root")).FullName;
        using var process = Start("unshare",
            ["--mount", "sh", "-c", Container, "sh", root, app, RuntimeOf(), .. Variables(port), .. EntryPoint()]);
        var said = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var wrote = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            await UntilReadyAsync(client, process, said);

            using var body = new StringContent("""{"match_id":"m","round":1}""", Encoding.UTF8, "application/json");
            using var answer = await client.PostAsync("/api/v1/orchestrate?wait=30s", body, TestContext.Current.CancellationToken);

            var run = JsonElement.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.Equal("completed", run.GetProperty("status").GetString());
            Assert.Contains($"Uid:\t{User}\t{User}", await File.ReadAllTextAsync(
                $"/proc/{process.Id}/status", TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.Equal(0, SendSignal(process.Id, GridProcess.Terminate));
            await Limits.WithinAsync(process.WaitForExitAsync(TestContext.Current.CancellationToken), () => "its end");
            Assert.Equal(0, process.ExitCode);
            Assert.Contains("data in /data", await wrote, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    // Of the stages from the base image on, but for where it listens: the port may be taken here.
    private static IEnumerable<string> Variables(int port)
    {
        var words = Stage("runtime").Concat(Stage(Image)).Where(i => i.StartsWith("ENV ", StringComparison.Ordinal))
            .SelectMany(i => i.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]).ToList();
        Assert.Contains("AGENTGRID_URLS=http://*:8000", words);
        return words.Select(w => w.Replace("http://*:8000", $"http://127.0.0.1:{port}", StringComparison.Ordinal));
    }

    private static string[] EntryPoint() => JsonSerializer.Deserialize<string[]>(
        Stage(Image).Single(i => i.StartsWith("ENTRYPOINT ", StringComparison.Ordinal))["ENTRYPOINT ".Length..])!;

    private static IEnumerable<string> Stage(string name) => Dockerfile.Instructions
        .SkipWhile(i => !i.EndsWith($" AS {name}", StringComparison.Ordinal)).Skip(1)
        .TakeWhile(i => !i.StartsWith("FROM ", StringComparison.Ordinal));

    // As the Dockerfile does it, of what these tests were built with.
    private static async Task PublishAsync(string app)
    {
        var command = Dockerfile.Instructions
            .Select(i => i.IndexOf($"dotnet publish {Project} -c Release -p:UseAppHost=false", StringComparison.Ordinal)).Max();
        Assert.True(command >= 0, "The Dockerfile publishes it otherwise.");
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var (code, output) = await DotNetCommand.RunAsync(
            "publish", Repository.PathOf(Project.Split('/')), "-c", configuration, "-p:UseAppHost=false", "--no-build",
            "-nr:false", "-v", "q", "-o", app);
        Assert.True(code == 0, output);
    }

    private static async Task AssertMayMountAsync()
    {
        using var process = Start("unshare", ["--mount", "sh", "-c", "mount --make-rprivate / && mount -t tmpfs none /mnt"]);
        var said = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.SkipUnless(process.ExitCode == 0, $"needs the right to mount: {said.Trim()}");
    }

    private static Task UntilReadyAsync(HttpClient client, Process process, Task<string> said) => Limits.EventuallyAsync(
        async () =>
        {
            Assert.False(process.HasExited, $"It has ended: {(process.HasExited ? await said : "")}");
            try
            {
                using var answer = await client.GetAsync("/health/ready", TestContext.Current.CancellationToken);
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false; // nobody listens yet
            }
        },
        () => ValueTask.FromResult("not ready"));

    // .../dotnet/shared/Microsoft.NETCore.App/10.0.0
    private static string RuntimeOf() => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));

    private static Process Start(string program, IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int pid, int signal);
}
