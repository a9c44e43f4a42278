using System.Security.Cryptography;
using AgentGrid.Embedded.Journal;

namespace AgentGrid.Embedded;

/// <summary>
/// What the engine takes from its process, beside the clock: threads, chance and the file system. A simulation has
/// another one, in which one thing happens at a time, in an order that its seed decides.
/// </summary>
internal class Platform
{
    public static readonly Platform Process = new();

    /// <summary>The SQLite file system that the journal is kept in; null for the one of the operating system.</summary>
    public virtual string? FileSystem => null;

    /// <summary>Whatever waits for the engine waits for what this returns, and goes on when that is its turn.</summary>
    public virtual Task<T> Wait<T>(Task<T> task) => task;

    /// <inheritdoc cref="Wait{T}"/>
    public virtual Task Wait(Task task) => task;

    public virtual void Queue(IThreadPoolWorkItem work, bool preferLocal) =>
        ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal);

    /// <summary>Starts the thread of something that lives as long as the engine.</summary>
    /// <returns>Waits until the thread has ended.</returns>
    public virtual Action StartThread(string name, ThreadStart body)
    {
        var thread = new Thread(body) { Name = name, IsBackground = true };
        thread.Start();
        return thread.Join;
    }

    public virtual JournalSession OpenSession(JournalFile file) => new(file);

    /// <summary>A version 7 UUID.</summary>
    public virtual Guid NewId(DateTimeOffset now) => Guid.CreateVersion7(now);

    public virtual ulong NewSeed()
    {
        Span<byte> seed = stackalloc byte[8];
        RandomNumberGenerator.Fill(seed);
        return BitConverter.ToUInt64(seed);
    }
}
