using AgentGrid.Agents.Motion;

namespace AgentGrid.Agents.Validation;

/// <summary>Keeps the largest of many measurements, and where it was.</summary>
internal sealed class Extreme
{
    private double _worst;
    private int? _joint;
    private int? _frame;

    public void Add(double value, int joint, int frame)
    {
        // Coordinates too large to calculate with are as wrong as can be.
        value = double.IsNaN(value) ? double.PositiveInfinity : value;
        if (value > _worst)
        {
            (_worst, _joint, _frame) = (value, joint, frame);
        }
    }

    public KinematicsCheck Check(string name, double limit, string unit)
    {
        var ok = _worst <= limit;
        var joint = _joint is { } j ? Skeleton.Joints[j] : null;
        var worst = Math.Round(Math.Clamp(_worst, 0, 1e9), 4);
        return new KinematicsCheck(name, ok, worst, limit, unit, joint, _frame, ok
            ? null
            : $"{worst} {unit} at {joint} in frame {_frame}; at most {limit} {unit} is plausible.");
    }
}
