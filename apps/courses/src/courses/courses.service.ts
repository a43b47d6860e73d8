import { Injectable, NotFoundException } from '@nestjs/common';

export interface Course {
  readonly id: string;
  readonly title: string;
}

export interface Grade {
  readonly student: string;
  readonly grade: number;
  /** Who gave it: the issuer and the subject, because a subject alone is not unique. */
  readonly by: string;
}

@Injectable()
export class CoursesService {
  private readonly courses: readonly Course[] = [
    { id: 'analytical-engines', title: 'Analytical engines' },
    { id: 'compilers', title: 'Compilers' },
  ];
  private readonly grades = new Map<string, readonly Grade[]>();

  findAll(): readonly Course[] {
    return this.courses;
  }

  /** @throws {NotFoundException} */
  findOne(id: string): Course {
    const course = this.courses.find((each) => each.id === id);
    if (course === undefined) throw new NotFoundException();
    return course;
  }

  /** @throws {NotFoundException} */
  addGrade(id: string, grade: Grade): Grade {
    const { id: course } = this.findOne(id);
    this.grades.set(course, [...(this.grades.get(course) ?? []), grade]);
    return grade;
  }
}
