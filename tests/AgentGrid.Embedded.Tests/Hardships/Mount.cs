using System.Diagnostics;

namespace AgentGrid.Embedded.Tests.Hardships;

/// <summary>A small file system of its own, for as long as a test runs. Needs the right to mount.</summary>
internal sealed class Mount : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-mount-");
    private readonly bool _mounted;

    /// <param name="options">As for mount -o, such as <c>size=4m</c>. Skips the test where mounting is not allowed.</param>
    public Mount(string options)
    {
        var refusal = Run("mount", "-t", "tmpfs", "-o", options, "tmpfs", Path);
        _mounted = refusal is null;
        if (refusal is not null)
        {
            _folder.Delete();
            Assert.Skip($"needs the right to mount a file system: {refusal}");
        }
    }

    public string Path => _folder.FullName;

    public void Remount(string options) => Assert.Null(Run("mount", "-o", $"remount,{options}", Path));

    public void Dispose()
    {
        if (_mounted)
        {
            Run("umount", "-l", Path);
            _folder.Delete();
        }
    }

    private static string? Run(string program, params string[] arguments)
    {
        if (!OperatingSystem.IsLinux())
        {
            return "this is not Linux";
        }
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : said.Trim();
    }
}
