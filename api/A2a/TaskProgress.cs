using System.Text.Json;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.A2a;

/// <summary>
/// Where a task stands after each of its events. It is told by the events alone, so that all who follow it are told the same.
/// </summary>
internal sealed class TaskProgress
{
    private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);
    private string? _ended;
    private bool _started;

    /// <summary>Of a run that is yet to begin.</summary>
    public TaskProgress()
    {
    }

    /// <summary>Of a run that is under way.</summary>
    public TaskProgress(RunDetails run)
    {
        _started = run.Summary.Status is not (RunStatus.Scheduled or RunStatus.Queued);
        foreach (var step in run.Steps)
        {
            if (step.Wait is not null)
            {
                _waiting.Add(step.Id);
            }
        }
    }

    public string State => _ended
        ?? (_waiting.Count > 0 ? TaskStates.InputRequired : _started ? TaskStates.Working : TaskStates.Submitted);

    /// <param name="json">The event as a tree.</param>
    public void Apply(FeedEvent e, JsonElement json)
    {
        var step = json.TryGetProperty("step", out var named) ? named.GetString() : null;
        var what = e.Stage[(e.Stage.LastIndexOf(':') + 1)..];
        switch (what)
        {
            case "waiting" when step is not null:
                _waiting.Add(step);
                break;
            case "received" or "done" or "failed" or "skipped" when step is not null:
                _waiting.Remove(step);
                break;
            default:
                break; // nothing that a wait begins or ends with
        }
        _ended = e.Stage switch
        {
            Stages.Completed => TaskStates.Completed,
            Stages.Error => TaskStates.Failed,
            Stages.Cancelled => TaskStates.Canceled,
            _ => null,
        };
        _started |= e.Stage is not (Stages.Accepted or Stages.Due or Stages.Skipped);
        if (e.Stage == Stages.Retried)
        {
            _waiting.Clear();
        }
    }
}
