using System.Security.Cryptography;

namespace AgentGrid.Engine;

/// <summary>
/// What an engine takes from its process, beside the clock: threads and chance. A simulation has another one, in which
/// one thing happens at a time, in an order that its seed decides.
/// </summary>
public class Platform
{
    /// <summary>The threads and the chance of this process.</summary>
    public static readonly Platform Process = new();

    /// <summary>Whatever waits for the engine waits for what this returns, and goes on when that is its turn.</summary>
    public virtual Task<T> Wait<T>(Task<T> task) => task;

    /// <inheritdoc cref="Wait{T}"/>
    public virtual Task Wait(Task task) => task;

    /// <summary>Lets work be done soon, on whatever thread is free.</summary>
    /// <param name="preferLocal">Rather by the thread that queues it than by another.</param>
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

    /// <summary>A version 7 UUID.</summary>
    public virtual Guid NewId(DateTimeOffset now) => Guid.CreateVersion7(now);

    /// <summary>Where all chance of a run comes from.</summary>
    public virtual ulong NewSeed()
    {
        Span<byte> seed = stackalloc byte[8];
        RandomNumberGenerator.Fill(seed);
        return BitConverter.ToUInt64(seed);
    }
}
