using System.Globalization;
using System.Text;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Tests.Journal;

/// <summary>
/// Bytes flipped anywhere in the files: what is read is right, or is refused with a reason; and a recovery keeps what is
/// sound. More cases: AGENTGRID_FLIP_CASES=5000.
/// </summary>
public sealed class DamagedJournalTests : IDisposable
{
    private const string LastRun = "last";
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Scratch _folder = new();

    private static int Cases { get; } = int.Parse(
        Environment.GetEnvironmentVariable("AGENTGRID_FLIP_CASES") ?? "30", CultureInfo.InvariantCulture);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnyBytesFlipped_WhatIsReadIsRightOrRefusedAndRecoveryKeepsTheRest(bool withLog)
    {
        var image = Path.Combine(_folder.Folder, "image");
        await MakeAsync(image, withLog);
        var expected = ReadAll(Copy(image, "expected"));
        Assert.Equal(42, expected.Count);
        int refused = 0, harmless = 0, kept = 0, dropped = 0;
        for (var seed = 0; seed < Cases; seed++)
        {
            var folder = Copy(image, $"seed-{seed}");
            var flips = Flip(folder, new Random(seed));
            var found = TryReadAll(folder, seed, flips);
            if (found is null)
            {
                refused++;
                var report = JournalRecovery.Recover(folder, JournalSync.Full, Noon);
                Assert.True(report.Damage is not null, $"seed {seed}: {flips}: refused, and nothing to recover");
                Assert.True(File.Exists(report.SetAside), $"seed {seed}: {flips}: nothing was set aside");
                found = ReadAll(folder);
                Assert.True(found.Count == report.Kept, $"seed {seed}: {flips}: says {report.Kept}, kept {found.Count}");
                Assert.True(
                    found.Count >= expected.Count - (withLog ? 1 : 0) || !report.Dropped.IsEmpty,
                    $"seed {seed}: {flips}: dropped {expected.Count - found.Count} runs without a word");
                kept += found.Count;
                dropped += expected.Count - found.Count;
            }
            else
            {
                harmless++;
                Assert.True(
                    expected.Keys.Except(found.Keys).All(k => withLog && k.StartsWith(LastRun, StringComparison.Ordinal)),
                    $"seed {seed}: {flips}: lost without a word: {string.Join(", ", expected.Keys.Except(found.Keys))}");
            }
            foreach (var (key, text) in found)
            {
                Assert.True(expected[key] == text, $"seed {seed}: {flips}: {key} is\n{text}\nand was\n{expected[key]}");
            }
            Directory.Delete(folder, recursive: true);
        }
        // Most damage must leave most runs: else this would pass by refusing everything and keeping nothing.
        Assert.True(refused > Cases / 4, $"only {refused} of {Cases} were noticed, {harmless} were harmless");
        Assert.True(kept > dropped, $"kept {kept} runs, dropped {dropped}");
    }

    [Fact]
    public async Task Recover_OneDamagedRecord_DropsItsRunAloneAndNamesIt()
    {
        await MakeAsync(_folder.Folder, withLog: false);
        using (var file = JournalFile.Open(_folder.Folder, JournalSync.Full))
        using (var connection = file.Connect())
        {
            JournalFile.Execute(connection, """
                UPDATE journal SET events = CAST(substr(events, 1, 40) || 'X' || substr(events, 42) AS BLOB) WHERE last_seq = 1
                """);
        }

        var report = JournalRecovery.Recover(_folder.Folder, JournalSync.Full, Noon);

        Assert.Equal(41, report.Kept);
        Assert.Contains(report.Dropped, d => d.Contains("'m0/1'", StringComparison.Ordinal) && d.Contains("event 1 ", StringComparison.Ordinal));
        Assert.Contains("event 1 (", report.Damage, StringComparison.Ordinal);
        Assert.Contains(File.ReadAllLines(report.SetAside + ".txt"), l => l.Contains("m0/1", StringComparison.Ordinal));
        using var recovered = new OpenJournal(_folder.Folder);
        Assert.Null(recovered.Reader.Find(new RunKey("m0", "1")));
        Assert.True(recovered.Feed.Head > 1_000_000);
        await recovered.AcceptAsync(OpenJournal.Run(999, "m0", "1", Noon));
    }

    [Fact]
    public async Task Recover_SoundFile_LeavesItAlone()
    {
        await MakeAsync(_folder.Folder, withLog: false);
        var before = await File.ReadAllBytesAsync(Path.Combine(_folder.Folder, "agentgrid.db"));

        Assert.Null(JournalRecovery.Recover(_folder.Folder, JournalSync.Full, Noon).Damage);

        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(_folder.Folder, "agentgrid.db")));
        Assert.Single(Directory.GetFiles(_folder.Folder, "agentgrid.db*"), f => f.EndsWith(".db", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Open_LogDamagedInTheMiddle_RefusesAndNamesTheFrame()
    {
        await MakeAsync(_folder.Folder, withLog: true);
        var log = Path.Combine(_folder.Folder, "agentgrid.db-wal");
        var bytes = await File.ReadAllBytesAsync(log);
        bytes[32 + 24 + 4_096 + 24 + 100] ^= 1;
        await File.WriteAllBytesAsync(log, bytes);

        var refusal = Assert.Throws<DamageException>(() => JournalFile.Open(_folder.Folder, JournalSync.Full));

        Assert.Contains("frame 2", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("--recover", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_LogTornAtItsEnd_IsTheEndOfACrashAndNoDamage()
    {
        await MakeAsync(_folder.Folder, withLog: true);
        var log = Path.Combine(_folder.Folder, "agentgrid.db-wal");
        using (var file = new FileStream(log, FileMode.Open))
        {
            file.SetLength(file.Length - 1_000);
        }

        using var journal = new OpenJournal(_folder.Folder);

        Assert.NotNull(journal.Reader.Find(new RunKey("m0", "1")));
    }

    // 41 runs, ended ones and active ones, and one that is the last to be written.
    private async Task MakeAsync(string folder, bool withLog)
    {
        var source = withLog ? Path.Combine(_folder.Folder, "running") : folder;
        using (var journal = new OpenJournal(source))
        {
            for (var i = 0; i < 41; i++)
            {
                var run = await journal.AcceptAsync(OpenJournal.Run(i + 1, $"m{i}", "1", Noon) with
                {
                    Input = Json.From(new { text = new string((char)('a' + (i % 26)), i * 97) }),
                });
                await journal.AppendAsync(run, new RunEvent.RunStarted(Noon.AddHours(1)) { Time = Noon });
                if (i % 3 > 0)
                {
                    // Of some the row says who had an attempt, and why, of others, as in an older journal, it does not.
                    await journal.EndAsync(
                        run, i % 3 > 1 ? AgentSet.Parse($"agent{i} other") : null, i % 2 > 0 ? $"reason {i}" : null,
                        new RunEvent.RunCancelled($"reason {i}") { Time = Noon.AddMinutes(i) });
                }
            }
            await journal.AcceptAsync(OpenJournal.Run(1_000, LastRun, "1", Noon));
            if (withLog)
            {
                Directory.CreateDirectory(folder);
                foreach (var file in new[] { "agentgrid.db", "agentgrid.db-wal" })
                {
                    File.Copy(Path.Combine(source, file), Path.Combine(folder, file));
                }
            }
        }
    }

    private string Copy(string image, string name)
    {
        var folder = Path.Combine(_folder.Folder, name);
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(image, "agentgrid.db*"))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
        return folder;
    }

    private static string Flip(string folder, Random random)
    {
        var files = Directory.GetFiles(folder, "agentgrid.db*")
            .Where(f => f.EndsWith(".db", StringComparison.Ordinal) || f.EndsWith("-wal", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).ToArray();
        var path = files[random.Next(files.Length)];
        var bytes = File.ReadAllBytes(path);
        var said = new StringBuilder(Path.GetFileName(path));
        // Headers are where little means much.
        var most = random.Next(4) == 0 ? Math.Min(bytes.Length, 200) : bytes.Length;
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(most);
            var mask = (byte)random.Next(1, 256);
            bytes[at] ^= mask;
            said.Append(CultureInfo.InvariantCulture, $" [{at}]^{mask:x2}");
        }
        File.WriteAllBytes(path, bytes);
        return said.ToString();
    }

    private static Dictionary<string, string>? TryReadAll(string folder, int seed, string flips)
    {
        try
        {
            return ReadAll(folder);
        }
        catch (KeptDataException e)
        {
            Assert.True(e is DamageException, $"seed {seed}: {flips}: refused, and not as damage: {e.Message}");
            Assert.Contains("--recover", e.Message, StringComparison.Ordinal);
            Assert.Contains("agentgrid.db", e.Message, StringComparison.Ordinal);
            return null;
        }
    }

    // By key, everything that can be asked about a run.
    private static Dictionary<string, string> ReadAll(string folder)
    {
        using var file = JournalFile.Open(folder, JournalSync.Full);
        using var reader = new JournalReader(file);
        var runs = new Dictionary<string, string>();
        var store = JournalCheck.StoreOf(file, reader);
        var page = store.ReadEventsAsync(new FeedQuery(), 0, 100_000).Result;
        if (page.Events.FirstOrDefault(e => e.Stage == Stages.Damaged) is { } damaged)
        {
            throw file.Damage.OfAll(Encoding.UTF8.GetString(damaged.Utf8.Span));
        }
        foreach (var row in reader.All())
        {
            var state = store.ReplayAsync(row.Ref.Id).GetAwaiter().GetResult()!;
            Assert.Equal(row.Summary, reader.Find(row.Ref.Id)!.Summary);
            Assert.Equal(row.Summary, reader.Find(row.Ref.Key)!.Summary);
            var events = store.ReadEventsAsync(new FeedQuery(RunId: row.Ref.Id), 0, 1_000).Result.Events;
            Assert.Equal(page.Events.Where(e => e.RunId == row.Ref.Id).Select(e => e.Seq), events.Select(e => e.Seq));
            runs.Add(row.Ref.Key.ToString(), string.Join('\n',
            [
                row.Summary.ToString(), state.Input.ToString(), state.CancelReason ?? "",
                .. events.Select(e => Encoding.UTF8.GetString(e.Utf8.Span)),
            ]));
        }
        return runs;
    }
}
