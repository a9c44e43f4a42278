using System.Collections.Immutable;
using System.Numerics;

namespace AgentGrid.Agents.Motion;

/// <summary>
/// The 22 body joints of SMPL, in its order (M. Loper et al., "SMPL: A Skinned Multi-Person Linear Model", ACM
/// Transactions on Graphics 34(6), 2015, without the hands), on a body 1.7 m tall. Metres; x points to the body's
/// left, y up, z forward.
/// </summary>
internal static class Skeleton
{
    public const int Pelvis = 0, LeftHip = 1, RightHip = 2, Spine1 = 3, LeftKnee = 4, RightKnee = 5, Spine2 = 6,
        LeftAnkle = 7, RightAnkle = 8, Spine3 = 9, LeftFoot = 10, RightFoot = 11, Neck = 12, LeftCollar = 13,
        RightCollar = 14, Head = 15, LeftShoulder = 16, RightShoulder = 17, LeftElbow = 18, RightElbow = 19,
        LeftWrist = 20, RightWrist = 21;

    public const int Count = 22;
    public const float Thigh = 0.40f;
    public const float Shin = 0.41f;
    public const float AnkleHeight = 0.08f;

    public static readonly ImmutableArray<string> Joints =
    [
        "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
        "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
        "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    ];

    /// <summary>The joint that each one hangs on; -1 for the root. A parent comes before its children.</summary>
    public static readonly ImmutableArray<int> Parents =
        [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19];

    /// <summary>
    /// Where each joint is, seen from its parent, in a ready stance: the weapon held in front of the chest. Knees and
    /// ankles are not in here: the legs are solved from where the feet stand.
    /// </summary>
    public static readonly ImmutableArray<Vector3> Offsets =
    [
        default, new(0.09f, -0.08f, 0), new(-0.09f, -0.08f, 0), new(0, 0.12f, 0), default, default, new(0, 0.13f, 0),
        default, default, new(0, 0.06f, 0), new(0, -0.06f, 0.13f), new(0, -0.06f, 0.13f), new(0, 0.21f, -0.02f),
        new(0.07f, 0.12f, 0), new(-0.07f, 0.12f, 0), new(0, 0.10f, 0.03f), new(0.11f, 0.03f, -0.01f),
        new(-0.11f, 0.03f, -0.01f), new(0.095f, -0.203f, 0.149f), new(-0.095f, -0.203f, 0.149f),
        new(-0.113f, 0.063f, 0.214f), new(0.113f, 0.063f, 0.214f),
    ];
}
