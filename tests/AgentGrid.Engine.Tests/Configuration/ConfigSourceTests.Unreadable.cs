using System.Diagnostics;
using System.Text;
using AgentGrid.Core.Documents;
using AgentGrid.Engine.Configuration;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Tests.Configuration;

// Files that cannot be read, and folders that are not there.
public sealed partial class ConfigSourceTests
{
    public static TheoryData<string> Unreadable => ["nowhere", "loop", "folder", "latin", "large", "denied"];

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void Look_NewFileThatCannotBeRead_IsNamedOnceWhileTheRestIsTakenUp(string kind)
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        using var source = Started();

        var reason = MakeUnreadable("plans/extra.yaml", kind);
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        Settle();

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
        AssertUnreadable("plans/extra.yaml", reason, Assert.Single(source.Problems));
        Assert.Equal(22, Assert.Single(_changes).Agents["worker"].Priority);

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 333 }\n");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(333, source.Current.Agents["worker"].Priority);
        var line = Assert.Single(_log.Lines, l => l.Level >= LogLevel.Warning);
        Assert.Contains("plans/extra.yaml", line.Text, StringComparison.Ordinal);
        Assert.Contains(reason, line.Text, StringComparison.Ordinal);

        Remove("plans/extra.yaml");
        _folder.Write("plans/extra.yaml", Plan("extra"));
        Settle();
        Assert.Empty(source.Problems);
        Assert.True(source.Current.Plans.ContainsKey("extra"));
    }

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void Look_FileThatCannotBeReadAnyMore_StaysInForceAsItWas(string kind)
    {
        _folder.Write("plans/extra.yaml", Plan("extra"));
        using var source = Started();

        Remove("plans/extra.yaml");
        var reason = MakeUnreadable("plans/extra.yaml", kind);
        _folder.Write("plans/other.yaml", Plan("other"));
        Settle();

        Assert.Equal(["extra", "other"], source.Current.Plans.Keys);
        AssertUnreadable("plans/extra.yaml", reason, Assert.Single(source.Problems));

        Remove("plans/extra.yaml");
        Settle();
        Assert.Equal("other", Assert.Single(source.Current.Plans.Keys));
        Assert.Empty(source.Problems);
    }

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void Start_FileThatCannotBeRead_IsRefusedByName(string kind)
    {
        var reason = MakeUnreadable("plans/extra.yaml", kind);
        using var source = Source();

        AssertUnreadable("plans/extra.yaml", reason, Assert.Single(Assert.Throws<ConfigException>(source.Start).Problems));
    }

    [Fact]
    public void Look_RefusedEditThatCannotBeReadAnyMore_StandsInNobodysWay()
    {
        _folder.Write("plans/extra.yaml", Plan("extra"));
        using var source = Started();
        _folder.Write("plans/extra.yaml", "plans: no mapping");
        Settle();

        Remove("plans/extra.yaml");
        MakeUnreadable("plans/extra.yaml", "nowhere");
        _folder.Write("plans/other.yaml", Plan("other"));
        Settle();

        Assert.Equal(["extra", "other"], source.Current.Plans.Keys);
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("file")]
    [InlineData("nowhere")]
    public void Look_FolderOfPlansIsGone_KeepsThePlansAndTakesUpTheRest(string kind)
    {
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 1 }\n");
        _folder.Write("plans/extra.yaml", Plan("extra"));
        using var source = Started();

        Directory.Delete(Path.Combine(_folder.Folder, "plans"), recursive: true);
        if (kind == "file")
        {
            _folder.Write("plans", "no folder");
        }
        else if (kind == "nowhere")
        {
            MakeUnreadable("plans", kind);
        }
        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        Settle();

        Assert.Equal("extra", Assert.Single(source.Current.Plans.Keys));
        Assert.Equal(22, source.Current.Agents["worker"].Priority);
        var problem = Assert.Single(source.Problems);
        Assert.Equal(("plans", kind == "gone" ? ConfigCodes.FileGone : ConfigCodes.Unreadable), (problem.File, problem.Code));

        File.Delete(Path.Combine(_folder.Folder, "plans"));
        Directory.CreateDirectory(Path.Combine(_folder.Folder, "plans"));
        Settle();
        Assert.Empty(source.Current.Plans);
        Assert.Empty(source.Problems);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("nowhere")]
    public void Start_FolderOfPlansIsNone_IsRefused(string kind)
    {
        MakeUnreadable("plans", kind);
        using var source = Source();

        Assert.Equal("plans", Assert.Single(Assert.Throws<ConfigException>(source.Start).Problems).File);
    }

    [Fact]
    public async Task Look_NamedPipe_HoldsNothingUp()
    {
        using var source = Started();
        Directory.CreateDirectory(Path.Combine(_folder.Folder, "plans"));
        using (var mkfifo = Process.Start("mkfifo", [Path.Combine(_folder.Folder, "plans/extra.yaml")]))
        {
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        _folder.Write("agents.yaml", "agents:\n  worker: { priority: 22 }\n");
        await Task.Run(Settle, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
    }

    [Fact]
    public void Look_TextInUtf16WithItsMark_IsRead()
    {
        using var source = Started();

        // As PowerShell 5 writes what is sent into a file.
        File.WriteAllText(Path.Combine(_folder.Folder, "agents.yaml"), "agents:\n  worker: { priority: 22 }\n", Encoding.Unicode);
        Settle();

        Assert.Equal(22, source.Current.Agents["worker"].Priority);
    }

    private static void AssertUnreadable(string name, string reason, ConfigProblem problem)
    {
        Assert.Equal((name, ConfigCodes.Unreadable), (problem.File, problem.Code));
        Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
    }

    // Returns some of what is to be said of it.
    private string MakeUnreadable(string name, string kind)
    {
        var path = Path.Combine(_folder.Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        switch (kind)
        {
            case "nowhere":
                File.CreateSymbolicLink(path, "/nowhere");
                return "leads to '/nowhere', which does not exist";
            case "loop":
                File.CreateSymbolicLink(path, path);
                return "symbolic link";
            case "folder":
                Directory.CreateDirectory(path);
                return "is a folder";
            case "latin":
                File.WriteAllBytes(path, [.. "# D"u8, 0xFC, .. "mmer\n"u8]);
                return "byte 4 is not UTF-8";
            case "large":
                File.WriteAllText(path, new string('#', 16 * 1024 * 1024 + 1));
                return "larger than 16 MiB";
            case "file":
                File.WriteAllText(path, "");
                return "";
            default:
                Assert.SkipWhen(Environment.IsPrivilegedProcess, "Nothing is denied to root.");
                File.WriteAllText(path, "plans: {}");
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(path, UnixFileMode.None);
                }
                return "denied";
        }
    }

    private void Remove(string name)
    {
        var path = Path.Combine(_folder.Folder, name);
        if (Directory.Exists(path))
        {
            Directory.Delete(path);
        }
        File.Delete(path);
    }
}
