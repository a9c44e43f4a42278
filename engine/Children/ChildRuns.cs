using System.Diagnostics;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Children;

/// <inheritdoc cref="IChildRuns"/>
/// <remarks>It goes on where it was called: for a grain, on its scheduler.</remarks>
/// <param name="stopping">Cancelled when the process ends: the next one finds the children.</param>
/// <param name="artifacts">Where artifacts are kept; null when nowhere.</param>
public sealed class ChildRuns(
    IChildRunHost host, Platform platform, TimeProvider time, CancellationToken stopping, IArtifactStore? artifacts = null) : IChildRuns
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public IPendingCall Begin(OpenAttempt attempt, AttemptInput input)
    {
        var call = new Call(attempt, attempt.Run.ChildOf(attempt.Step, attempt.State)!);
        _ = AttendAsync(call, FollowAsync(call, input));
        return call;
    }

    /// <inheritdoc/>
    public void Cancel(IPendingCall call)
    {
        var one = (Call)call;
        one.IsCancelled = true;
        Interlocked.MemoryBarrier(); // who comes second of this and the answer to the post cancels it
        if (one.IsPosted && !one.HasReturned)
        {
            _ = AttendAsync(one, CancelAsync(one));
        }
    }

    /// <inheritdoc/>
    public void Forget(IPendingCall call) => ((Call)call).IsForgotten = true;

    private async Task FollowAsync(Call call, AttemptInput input)
    {
        var (run, agent, number) = (call.Attempt.Run, call.Attempt.State.Agent, call.Attempt.State.Number);
        var submit = new SubmitRun(
            call.Child.ChildKey, input.Compose(), call.Attempt.Step.Step.Plan, Priority: run.Priority, Tenant: run.Tenant,
            TraceParent: run.TraceParent)
        {
            Parent = call.Child,
            Labels = run.Labels,
        };
        RunInput? outcome = call.Child.Depth > ParentRun.MaxDepth ? TooDeep(call, agent) : null;
        while (outcome is null && call.IsHeard)
        {
            outcome = await PostAsync(call, submit, agent);
            call.IsPosted = true;
            Interlocked.MemoryBarrier();
            if (call.IsCancelled)
            {
                await CancelAsync(call); // it may be there also where its answer was lost
                return;
            }
            ChildEnd? end = null;
            while (outcome is null && end is null && call.IsHeard)
            {
                end = await host.WaitForEndAsync(submit.Key, call.Child.ChildId);
                if (end is null)
                {
                    await PauseAsync(s_pause);
                }
            }
            if (end is { Status: null })
            {
                await PauseAsync(s_pause); // it ended so long ago that it is not there any more, and is posted anew
            }
            if (outcome is null && end?.Status is not null)
            {
                outcome = await FetchAsync(call, end, agent) ?? OutcomeOf(call, await StoredAsync(call, end), agent, number);
            }
        }
        call.HasReturned = outcome is not null;
        if (outcome is not null && call.IsHeard)
        {
            call.Attempt.Driver.Post(outcome);
        }
    }

    /// <returns>Null when the run is there; else why it cannot be, or that nobody waits for it any more.</returns>
    private async Task<RunInput?> PostAsync(Call call, SubmitRun submit, string agent)
    {
        while (call.IsHeard && !call.IsCancelled)
        {
            // What is not there, the child finds missing when it looks for it.
            if (!await TryShareAsync(call.Child.Run, call.Child.ChildId, submit.Input))
            {
                await PauseAsync(s_pause);
                continue;
            }
            switch (await host.SubmitAsync(submit))
            {
                case SubmitResult.Accepted or SubmitResult.Replayed:
                    return null;
                case SubmitResult.Invalid(var problems):
                    return Refused(call, agent, string.Join(" ", problems.Select(static p => p.Message)));
                case SubmitResult.Conflict(var other, var differences):
                    return Refused(call, agent, $"its key has run {other.RunId}, which differs in {string.Join(", ", differences)}.");
                case SubmitResult.GroupFull full:
                    return Refused(call, agent, full.Message);
                case SubmitResult.Overloaded(var after, _):
                    await PauseAsync(after < s_longestPause ? after : s_longestPause);
                    break;
                case SubmitResult.Unavailable:
                    await PauseAsync(s_pause);
                    break;
                case var other:
                    throw new InvalidOperationException($"Unknown answer {other}.");
            }
        }
        return null;
    }

    /// <summary>Takes over the artifacts of a result, before anybody can hear of it.</summary>
    /// <returns>Why the step fails: some are not there. Else null.</returns>
    private async Task<RunInput?> FetchAsync(Call call, ChildEnd end, string agent)
    {
        if (artifacts is null || end.Result is null || !ArtifactReference.MayBeIn(end.Result))
        {
            return null;
        }
        while (call.IsHeard)
        {
            try
            {
                var missing = await platform.Wait(artifacts.ShareAsync(call.Child.ChildId, call.Child.Run, end.Result));
                return missing is null ? null : Failed(call, new RunError(
                    ErrorKind.Error, ArtifactCodes.NotFound,
                    $"Run {call.Child.ChildId} of '{agent}' refers to artifact '{missing.Name}', which it does not have.", Retryable: false));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await PauseAsync(s_longestPause);
            }
        }
        return null;
    }

    // What is large lies with the parent before it hears of it.
    private async Task<ChildEnd> StoredAsync(Call call, ChildEnd end) => artifacts is not null && end.Result is { } result && artifacts.Values.IsFor(result)
        ? end with { Result = await platform.Wait(artifacts.Values.KeepAsync(call.Child.Run, result).AsTask()) }
        : end;

    private async Task<bool> TryShareAsync(RunId from, RunId to, Json value)
    {
        try
        {
            if (artifacts is not null && ArtifactReference.MayBeIn(value))
            {
                await platform.Wait(artifacts.ShareAsync(from, to, value));
            }
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Also when its driver has gone: the end of the parent is durable, and nobody else will tell the child before it looks for itself.
    private async Task CancelAsync(Call call)
    {
        var reason = $"step '{call.Child.Step}' of run {call.Child.Run} no longer waits for it";
        while (!call.IsForgotten && !stopping.IsCancellationRequested
            && !await host.CancelAsync(call.Child.ChildKey, call.Child.ChildId, reason))
        {
            await PauseAsync(s_pause);
        }
    }

    private static RunInput.FailAttempt TooDeep(Call call, string agent) => Refused(
        call, agent, $"{ParentRun.MaxDepth} runs are above it, which is the limit: use fewer levels of plans.");

    private static RunInput.FailAttempt Refused(Call call, string agent, string why) => Failed(
        call, new RunError(
            ErrorKind.Plan, ErrorCodes.ChildRefused,
            $"Step '{call.Child.Step}' of run '{call.Attempt.Driver.Key}': a run of '{agent}' cannot be started: {why}", Retryable: false));

    private static RunInput OutcomeOf(Call call, ChildEnd end, string agent, int number)
    {
        var who = $"Run {call.Child.ChildId} of '{agent}', for step '{call.Child.Step}' of run '{call.Attempt.Driver.Key}',";
        return end.Status switch
        {
            RunStatus.Completed => new RunInput.CompleteAttempt(call.Child.Step, number, end.Result!),
            // Whose agents were lost with their nodes is no suspect itself.
            RunStatus.Failed => Failed(call, end.Error! with
            {
                Kind = end.Error.Kind == ErrorKind.Lost ? ErrorKind.Error : end.Error.Kind,
                Message = $"{who} failed: {end.Error.Message}",
                RetryAfter = null,
            }),
            RunStatus.Cancelled => Failed(call, new RunError(
                ErrorKind.Error, ErrorCodes.ChildCancelled, $"{who} was cancelled: {end.Reason}", Retryable: false)),
            _ => throw new InvalidOperationException($"A child cannot have ended as {end.Status}."),
        };
    }

    private static RunInput.FailAttempt Failed(Call call, RunError error) => new(call.Child.Step, call.Child.Attempt, error);

    private Task PauseAsync(TimeSpan pause) => platform.Wait(Task.Delay(pause, time));

    private async Task AttendAsync(Call call, Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            call.Attempt.Driver.Fail(e);
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            // What it asked is gone with the process.
        }
    }

    private sealed class Call(OpenAttempt attempt, ParentRun child) : IPendingCall
    {
        public OpenAttempt Attempt { get; } = attempt;
        public ParentRun Child { get; } = child;
        public Activity? Span => null;

        /// <summary>The child is there, or was.</summary>
        public bool IsPosted { get; set; }
        public bool HasReturned { get; set; }

        /// <summary>Nobody waits for the result any more.</summary>
        public bool IsCancelled { get; set; }

        /// <summary>The run was taken up anew, and finds the child again.</summary>
        public bool IsForgotten { get; set; }

        public bool IsHeard => !IsForgotten && !Attempt.Driver.IsStopping;
    }
}
